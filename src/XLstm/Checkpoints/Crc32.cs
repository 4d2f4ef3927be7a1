using System.Buffers.Binary;

namespace XLstm;

/// <summary>The sum that zip archives have of each entry: CRC-32 of ISO 3309 (APPNOTE.TXT 4.4.7), eight bytes at a time.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private static readonly uint[][] s_tables = Tables();

    public const uint Start = uint.MaxValue;

    public static uint Add(uint state, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ state, high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            state = s_tables[7][low & 0xFF] ^ s_tables[6][(low >> 8) & 0xFF] ^ s_tables[5][(low >> 16) & 0xFF] ^ s_tables[4][low >> 24]
                ^ s_tables[3][high & 0xFF] ^ s_tables[2][(high >> 8) & 0xFF] ^ s_tables[1][(high >> 16) & 0xFF] ^ s_tables[0][high >> 24];
        }
        foreach (byte b in bytes)
            state = (state >> 8) ^ s_tables[0][(state ^ b) & 0xFF];
        return state;
    }

    public static uint End(uint state) => ~state;

    // Table k: the effect of a byte that is followed by k others.
    private static uint[][] Tables()
    {
        var tables = new uint[8][];
        tables[0] = [.. Enumerable.Range(0, 256).Select(i =>
        {
            uint value = (uint)i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
            return value;
        })];
        for (int k = 1; k < tables.Length; k++)
            tables[k] = [.. tables[k - 1].Select(previous => (previous >> 8) ^ tables[0][previous & 0xFF])];
        return tables;
    }
}
