using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace XLstm;

/// <summary>
/// Reads a pickle of protocol 1 to 5 (Python's pickletools describes every opcode) into a tree. A pickle is a program for a
/// small stack machine that names functions to call with what is on the stack; here no name leads to code. The few calls that
/// make containers and tensors are understood by <see cref="TorchCalls"/>, everything else stays as it is written.
/// </summary>
internal sealed class PickleReader(ByteReader input, TorchCalls calls)
{
    private const int MostDigits = 512;
    private const int LargestGap = 16;

    private static readonly TorchNode None = new(TorchKind.None);
    private static readonly TorchNode True = new(TorchKind.Boolean, true);
    private static readonly TorchNode False = new(TorchKind.Boolean, false);
    private static readonly TorchNode Empty = new(TorchKind.List, Array.Empty<TorchNode>());

    // The shortest opcodes make a hundred times as much of themselves; real files have four bytes or more for each object.
    private readonly long mostNodes = (1 << 20) + (input.Length / 4);
    private readonly List<TorchNode> stack = [];
    private readonly Stack<int> marks = [];
    private readonly List<TorchNode?> memo = [];
    private long pushed;

    internal TorchNode Read()
    {
        for (; ; )
        {
            var opcode = input.Byte();
            if (opcode == '.')
                return Pop();
            if (!Plain(opcode) && !Number(opcode) && !TextOrBytes(opcode) && !Container(opcode) && !Call(opcode))
                throw input.Bad("a pickle of protocol 1 to 5 without buffers outside of it", $"opcode 0x{opcode:x2}");
        }
    }

    // Stack and memo.
    private bool Plain(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                if (input.Byte() is var protocol and > 5)
                    throw input.Bad("a pickle of protocol 5 or older", $"protocol {protocol}");
                return true;
            case 0x95: // FRAME: a hint for readers of streams
                input.Bytes(8);
                return true;
            case (byte)'(':
                marks.Push(stack.Count);
                return true;
            case (byte)'0':
                // Where nothing stands above it, the mark itself is taken away.
                if (marks.TryPeek(out var mark) && mark == stack.Count)
                    marks.Pop();
                else
                    Pop();
                return true;
            case (byte)'1':
                PopToMark();
                return true;
            case (byte)'2':
                Push(Top());
                return true;
            case (byte)'q':
                Remember(input.Byte());
                return true;
            case (byte)'r':
                Remember(U32());
                return true;
            case 0x94:
                Remember(memo.Count);
                return true;
            case (byte)'h':
                Push(Known(input.Byte()));
                return true;
            case (byte)'j':
                Push(Known(U32()));
                return true;
            default:
                return false;
        }
    }

    private bool Number(byte opcode)
    {
        TorchNode? node = opcode switch
        {
            (byte)'N' => None,
            0x88 => True,
            0x89 => False,
            (byte)'K' => Integer(input.Byte()),
            (byte)'M' => Integer(BinaryPrimitives.ReadUInt16LittleEndian(input.Bytes(2))),
            (byte)'J' => Integer(BinaryPrimitives.ReadInt32LittleEndian(input.Bytes(4))),
            0x8a => Long(input.Byte()),
            0x8b => Long(U32()),
            (byte)'I' or (byte)'L' => Digits(),
            (byte)'G' => new(TorchKind.Real, BinaryPrimitives.ReadDoubleBigEndian(input.Bytes(8))),
            _ => null,
        };
        if (node is not null)
            Push(node);
        return node is not null;
    }

    private bool TextOrBytes(byte opcode)
    {
        TorchNode? node = opcode switch
        {
            (byte)'X' => Text(U32()),
            0x8c => Text(input.Byte()),
            0x8d => Text(I64()),
            // The texts of Python 2.
            (byte)'T' => Text(U32()),
            (byte)'U' => Text(input.Byte()),
            (byte)'B' => Bytes(U32()),
            (byte)'C' => Bytes(input.Byte()),
            0x8e or 0x96 => Bytes(I64()),
            _ => null,
        };
        if (node is not null)
            Push(node);
        return node is not null;
    }

    private bool Container(byte opcode)
    {
        switch (opcode)
        {
            case (byte)')':
                Push(Empty);
                return true;
            case (byte)'t' or 0x91: // a tuple or a frozenset
                Push(new(TorchKind.List, PopToMark()));
                return true;
            case 0x85 or 0x86 or 0x87:
                Push(new(TorchKind.List, Pop(opcode - 0x84)));
                return true;
            case (byte)']' or 0x8f: // a list or a set
                Push(new(TorchKind.List, new List<TorchNode>(0)));
                return true;
            case (byte)'}':
                Push(new(TorchKind.Dictionary, new TorchTable()));
                return true;
            case (byte)'a':
                Append(Pop(1));
                return true;
            case (byte)'e' or 0x90:
                Append(PopToMark());
                return true;
            case (byte)'s':
                SetItems(Pop(2));
                return true;
            case (byte)'u':
                SetItems(PopToMark());
                return true;
            default:
                return false;
        }
    }

    private bool Call(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'c':
                var module = input.Line();
                Push(calls.Class(module, input.Line()));
                return true;
            case 0x93:
                if (Pop(2) is not [{ Text: { } package }, { Text: { } name }])
                    throw input.Bad("the names of a module and a class", "something else");
                Push(calls.Class(package, name));
                return true;
            case (byte)'R' or 0x81: // REDUCE and NEWOBJ
                var call = Pop(2);
                Push(calls.Call(call[0], call[1]));
                return true;
            case 0x92: // NEWOBJ_EX, with named arguments
                var made = Pop(3);
                Push(calls.Call(made[0], new(TorchKind.List, made[1..])));
                return true;
            case (byte)'b':
                var state = Pop();
                if (Top().Content is TorchObject target)
                    target.State = state;
                return true;
            case (byte)'Q':
                Push(calls.Storage(Pop()));
                return true;
            default:
                return false;
        }
    }

    private void Append(ReadOnlySpan<TorchNode> items)
    {
        var list = Top().Content switch
        {
            List<TorchNode> plain => plain,
            TorchObject other => other.Items ??= [],
            _ => throw input.Bad("a list to append to", $"{Top()}"),
        };
        list.AddRange(items);
    }

    private void SetItems(ReadOnlySpan<TorchNode> items)
    {
        var table = Top().Content switch
        {
            TorchTable plain => plain,
            TorchObject other => other.Table ??= new(),
            _ => throw input.Bad("a dictionary to add to", $"{Top()}"),
        };
        if (items.Length % 2 != 0)
            throw input.Bad("a value for each key", "one too few");
        for (var i = 0; i < items.Length; i += 2)
        {
            if (!table.TryAdd(items[i], items[i + 1]))
                throw input.Bad($"the key {items[i]} once", "it a second time");
        }
    }

    private void Push(TorchNode node)
    {
        if (++pushed > mostNodes)
            throw input.Bad($"at most {mostNodes} objects", "more");
        stack.Add(node);
    }

    private TorchNode Top() => stack.Count > Floor() ? stack[^1] : throw input.Bad("an object on the stack", "none");

    private TorchNode Pop()
    {
        var top = Top();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private TorchNode[] Pop(int count) => stack.Count - Floor() >= count ? Cut(count) : throw input.Bad($"{count} objects on the stack", $"{stack.Count - Floor()}");

    private TorchNode[] PopToMark() => marks.TryPop(out var mark) ? Cut(stack.Count - mark) : throw input.Bad("a mark on the stack", "none");

    private TorchNode[] Cut(int count)
    {
        var cut = new TorchNode[count];
        stack.CopyTo(stack.Count - count, cut, 0, count);
        stack.RemoveRange(stack.Count - count, count);
        return cut;
    }

    // What stands below a mark is out of reach until the mark is gone.
    private int Floor() => marks.TryPeek(out var mark) ? mark : 0;

    private void Remember(long index)
    {
        // Python counts up; anything else would ask for memory or for a table that can be made slow.
        if (index > memo.Count + LargestGap || memo.Count > mostNodes)
            throw input.Bad($"the next number of an object, {memo.Count}", $"{index}");
        while (memo.Count <= index)
            memo.Add(null);
        memo[(int)index] = Top();
    }

    private TorchNode Known(long index) => index < memo.Count && memo[(int)index] is { } node ? node : throw input.Bad($"an object under number {index}", "none");

    private TorchNode Text(long length) => new(TorchKind.Text, input.Text(length));

    private TorchNode Bytes(long length) => new(TorchKind.Bytes, input.Bytes(length).ToArray());

    private static TorchNode Integer(long value) => new(TorchKind.Whole, value);

    private static TorchNode Integer(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? Integer((long)value) : new(TorchKind.Whole, value);

    private TorchNode Long(long length) =>
        length <= MostDigits ? Integer(new BigInteger(input.Bytes(length))) : throw input.Bad($"a number of at most {MostDigits} bytes", $"{length}");

    private TorchNode Digits()
    {
        var line = input.Line();
        if (line is "00" or "01")
            return line is "01" ? True : False;
        return line.Length <= MostDigits && BigInteger.TryParse(line.AsSpan().TrimEnd('L'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? Integer(value)
            : throw input.Bad("a whole number", $"a line of {line.Length} characters");
    }

    private uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(input.Bytes(4));

    private long I64() => BinaryPrimitives.ReadInt64LittleEndian(input.Bytes(8));
}
