using System.Buffers.Binary;

namespace XLstm;

/// <summary>What the first bytes of a file say, before anything else is believed.</summary>
internal enum FileForm
{
    Unknown,
    Empty,
    Pointer,
    Safetensors,
    Torch,
    Text,
    Foreign,
}

/// <summary>Tells files apart by their bytes, because names are often wrong.</summary>
internal static class FileForms
{
    private const int Looked = 512;

    /// <summary>The form, and for foreign files what they are and what to do.</summary>
    internal static (FileForm Form, string Name, string Advice) Of(string path)
    {
        using var file = new FileBytes(path);
        if (file.Length == 0)
            return (FileForm.Empty, "an empty file", "It was not downloaded or not written completely: fetch or write it again.");
        Span<byte> first = stackalloc byte[Looked];
        first = first[..(int)Math.Min(file.Length, Looked)];
        file.Read(0, first);
        if (first.StartsWith("version https://git-lfs.github.com/spec"u8))
            return (FileForm.Pointer, "a pointer of Git LFS", "");
        if (TorchFile.LayoutOf(file) == TorchFile.Layout.Row)
            return (FileForm.Torch, "", "");
        if (first.StartsWith("PK\u0003\u0004"u8) && !path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".keras", StringComparison.OrdinalIgnoreCase))
            return (FileForm.Torch, "", "");
        if (first.Length > 8 && first[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(first) is > 1 and < 1 << 27)
            return (FileForm.Safetensors, "", "");
        if (Foreign(first, path) is { } foreign)
            return (FileForm.Foreign, foreign.Name, foreign.Advice);
        return (IsText(first) ? FileForm.Text : FileForm.Unknown, "", "");
    }

    private static (string Name, string Advice)? Foreign(ReadOnlySpan<byte> first, string path)
    {
        const string Export = "Export the model with torch.save(model.state_dict(), ...) or as safetensors where it was trained.";
        const string Unpack = "Unpack it first.";
        if (first.StartsWith("GGUF"u8))
            return ("a GGUF file of llama.cpp", "Its quantised weights are not read here. Fetch the model's original safetensors.");
        if (first.StartsWith("PK"u8))
            return (path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) ? "an archive of NumPy arrays" : "a Keras model", Export);
        if (first.StartsWith("\u0089HDF\r\n"u8) || first.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']))
            return ("an HDF5 file (Keras, or MATLAB)", Export);
        if (first.StartsWith((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']))
            return ("an array of NumPy", Export);
        if (first.Length > 8 && first[4..].StartsWith("TFL3"u8))
            return ("a TensorFlow Lite model", Export);
        if (first is [0x1f, 0x8b, ..])
            return ("a gzip archive", Unpack);
        if (first.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) || first.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z']) || first.StartsWith("7z\u00bc\u00af"u8) || first is [(byte)'7', (byte)'z', 0xbc, 0xaf, ..])
            return ("a packed archive (zstd, xz or 7z)", Unpack);
        if (first.Length > 262 && first[257..].StartsWith("ustar"u8))
            return ("a tar archive", Unpack);
        if (first is [0x80, >= 2 and <= 5, ..])
            return ("a plain pickle", "It is a program for Python, and is not executed here. Load it where it was written and save its state_dict with torch.save.");
        // A protobuf whose first field, ir_version, is a small number: what every ONNX file starts with.
        if (first is [0x08, > 0 and < 64, (0x12 or 0x22 or 0x32 or 0x3a or 0x42), ..] || path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            return ("an ONNX graph", "Graphs are not read here. Fetch the checkpoint that it was exported from.");
        if (StartsWithTag(first, "<!doctype"u8) || StartsWithTag(first, "<html"u8))
            return ("a web page", "The download gave a page instead of the file: a login, a licence to accept, or an error. Fetch it again, signed in.");
        return null;
    }

    private static bool StartsWithTag(ReadOnlySpan<byte> first, ReadOnlySpan<byte> tag)
    {
        first = first.TrimStart(" \t\r\n"u8);
        return first.Length >= tag.Length && System.Text.Ascii.EqualsIgnoreCase(first[..tag.Length], tag);
    }

    private static bool IsText(ReadOnlySpan<byte> first)
    {
        foreach (byte b in first)
            if (b < 32 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r'))
                return false;
        return true;
    }
}
