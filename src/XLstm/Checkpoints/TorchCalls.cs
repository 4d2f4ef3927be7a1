using System.Buffers.Binary;

namespace XLstm;

/// <summary>What the classes and functions that PyTorch names in its files stand for; the others stay names.</summary>
internal sealed class TorchCalls(ByteReader input, long fileLength)
{
    private const int MostDimensions = 32;
    private const int LongestName = 512;

    /// <summary>Every storage that the file names.</summary>
    internal List<TorchStorage> Storages { get; } = [];

    internal TorchNode Class(string module, string name) => module.Length + name.Length <= LongestName
        ? new(TorchKind.Instance, new TorchObject(module, name))
        : throw input.Bad($"the name of a class in at most {LongestName} characters", $"{module.Length + name.Length}");

    /// <summary>What a class makes of arguments.</summary>
    internal TorchNode Call(TorchNode function, TorchNode arguments)
    {
        if (function.Content is not TorchObject type)
            throw input.Bad("a class or a function", $"{function}");
        // Protocols 1 and 2 use the names of Python 2.
        var name = type.TypeName.Replace("__builtin__.", "builtins.", StringComparison.Ordinal);
        return Known(name, arguments.Items) ?? new(TorchKind.Instance, new TorchObject(type.Module, type.Name) { Arguments = arguments });
    }

    /// <summary>The storage of a persistent id: ("storage", class, key, device, count), in old files with a view into another one.</summary>
    internal TorchNode Storage(TorchNode id)
    {
        switch (id.Items)
        {
            case [{ Text: "storage" }, { Content: TorchObject type }, { Text: { } key }, _, { Whole: >= 0 and var count }, ..] when count <= ZipArchiveLayout.MostContent(fileLength):
                var storage = new TorchStorage(key, ElementType(type.TypeName), ElementBytes(type.Name), count);
                var view = id.Items.Count > 5 ? id.Items[5] : null;
                if (view?.Items is [_, { Whole: >= 0 and var first }, { Whole: >= 0 and var length }] && first <= count && length <= count - first)
                    storage = storage with { First = first, Count = length };
                else if (view is not (null or { Kind: TorchKind.None }))
                    throw input.Bad("a view within its storage", $"{view}");
                Storages.Add(storage);
                return new(TorchKind.Instance, new TorchObject(type.Module, type.Name) { Storage = storage });
            // The source text of a class: of no use.
            case [{ Text: "module" }, { Kind: TorchKind.Instance } named, ..]:
                return named;
            default:
                throw input.Bad("a storage", $"{id}");
        }
    }

    private TorchNode? Known(string name, IReadOnlyList<TorchNode> arguments) => name switch
    {
        "collections.OrderedDict" or "builtins.dict" when arguments.Count == 0 => new(TorchKind.Dictionary, new TorchTable()),
        "collections.defaultdict" => new(TorchKind.Dictionary, new TorchTable()),
        "torch.Size" or "builtins.list" or "builtins.set" or "builtins.frozenset" when arguments is [{ Kind: TorchKind.List } items] => items,
        "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2" => Tensor(arguments, null),
        "torch._utils._rebuild_tensor_v3" when arguments is [_, _, _, _, _, _, { TypeName: { } type }, ..] => Tensor(arguments, type),
        "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state" when arguments is [var tensor, ..] => tensor,
        "torch._tensor._rebuild_from_type_v2" when arguments is [{ TypeName: "torch._utils._rebuild_tensor_v2" }, _, var inner, ..] => Tensor(inner.Items, null),
        "_codecs.encode" when arguments is [{ Text: { } text }, { Text: "latin1" }] => new(TorchKind.Bytes, text),
        "numpy.core.multiarray.scalar" or "numpy._core.multiarray.scalar" when arguments is [{ TypeName: "numpy.dtype", Arguments: [{ Text: { } type }, ..] }, { Kind: TorchKind.Bytes } value] => Scalar(type, value.Bytes.Span),
        _ => null,
    };

    private static TorchNode? Scalar(string type, ReadOnlySpan<byte> value) => (type, value.Length) switch
    {
        ("f8", 8) => new(TorchKind.Real, BinaryPrimitives.ReadDoubleLittleEndian(value)),
        ("f4", 4) => new(TorchKind.Real, (double)BinaryPrimitives.ReadSingleLittleEndian(value)),
        ("i8", 8) => new(TorchKind.Whole, BinaryPrimitives.ReadInt64LittleEndian(value)),
        ("i4", 4) => new(TorchKind.Whole, (long)BinaryPrimitives.ReadInt32LittleEndian(value)),
        ("b1", 1) => new(TorchKind.Boolean, value[0] != 0),
        _ => null,
    };

    // Null, so that it stays a name, where the elements are of a type that is not read here.
    private TorchNode? Tensor(IReadOnlyList<TorchNode> arguments, string? type)
    {
        if (arguments is not [{ Content: TorchObject { Storage: var storage } }, { Whole: { } offset }, { Kind: TorchKind.List } sizes, { Kind: TorchKind.List } steps, ..])
            throw input.Bad("storage, offset, shape and strides of a tensor", $"{arguments.Count} other arguments");
        if (storage is null || (type is null ? storage.DType : ElementType(type)) is not { } elements)
            return null;
        var (shape, strides) = (Numbers(sizes), Numbers(steps));
        if (offset < 0 || shape is null || strides is null || shape.Length != strides.Length)
            throw input.Bad($"up to {MostDimensions} sizes, as many strides and an offset, none negative", $"{sizes}, {steps} and {offset}");
        Check(storage, elements, offset, shape, strides);
        return new(TorchKind.Tensor, new TorchTensor(storage, elements, offset, shape, strides));
    }

    private void Check(TorchStorage storage, DType type, long offset, long[] shape, long[] strides)
    {
        // A storage has no more elements than its file allows for, every other number is below 2^63: 128 bits hold the sums and products.
        var places = (Int128)storage.Count * storage.ElementBytes / DTypes.Size(type);
        var empty = shape.Contains(0);
        // A stride of 0 makes a large tensor of one number: nothing that is asked for by its shape may be larger than the file.
        var most = empty ? long.MaxValue : Int128.Max(places, fileLength / DTypes.Size(type));
        Int128 count = 1, last = offset;
        for (var d = 0; d < shape.Length; d++)
        {
            count *= Math.Max(shape[d], 1);
            last += shape[d] > 1 ? (Int128)(shape[d] - 1) * strides[d] : 0;
            if (count > most)
                throw input.Bad($"a tensor of at most {most} elements", $"[{string.Join(", ", shape)}]");
            if (!empty && last >= places)
                throw input.Bad($"a tensor within the {places} elements of its storage", $"[{string.Join(", ", shape)}] with strides [{string.Join(", ", strides)}] from {offset} on");
        }
        if (!empty && last >= places)
            throw input.Bad($"a tensor within the {places} elements of its storage", $"an element at {offset}");
    }

    private static long[]? Numbers(TorchNode list)
    {
        var numbers = list.Items.Count <= MostDimensions ? list.Items.Select(item => item.Whole ?? -1).ToArray() : null;
        return numbers is null || numbers.Any(number => number < 0) ? null : numbers;
    }

    // Of the types that are not read, too: in the old layout they stand between the others.
    private static int ElementBytes(string storage) => storage switch
    {
        "ComplexDoubleStorage" => 16,
        "DoubleStorage" or "LongStorage" or "ComplexFloatStorage" => 8,
        "FloatStorage" or "IntStorage" or "QInt32Storage" => 4,
        "HalfStorage" or "BFloat16Storage" or "ShortStorage" => 2,
        _ => 1,
    };

    private static DType? ElementType(string name) => name switch
    {
        "torch.DoubleStorage" or "torch.cuda.DoubleStorage" or "torch.float64" => DType.F64,
        "torch.FloatStorage" or "torch.cuda.FloatStorage" or "torch.float32" => DType.F32,
        "torch.HalfStorage" or "torch.cuda.HalfStorage" or "torch.float16" => DType.F16,
        "torch.BFloat16Storage" or "torch.cuda.BFloat16Storage" or "torch.bfloat16" => DType.BF16,
        "torch.LongStorage" or "torch.cuda.LongStorage" or "torch.int64" => DType.I64,
        "torch.IntStorage" or "torch.cuda.IntStorage" or "torch.int32" => DType.I32,
        "torch.ShortStorage" or "torch.cuda.ShortStorage" or "torch.int16" => DType.I16,
        "torch.CharStorage" or "torch.cuda.CharStorage" or "torch.int8" => DType.I8,
        "torch.ByteStorage" or "torch.cuda.ByteStorage" or "torch.uint8" => DType.U8,
        "torch.BoolStorage" or "torch.cuda.BoolStorage" or "torch.bool" => DType.Bool,
        _ => null,
    };
}
