namespace XLstm.Forecasting;

/// <summary>What the blocks of a network make of the patches of one series.</summary>
public sealed class PatchEmbeddings
{
    private readonly float[] _values;

    internal PatchEmbeddings(IReadOnlyList<Tensor> layers, int row, int patches)
    {
        (Patches, Layers, Width) = (patches, layers.Count, layers[0].Shape.Last);
        _values = new float[Patches * Layers * Width];
        int T = layers[0].Shape[1];
        for (int t = 0; t < Patches; t++)
            for (int l = 0; l < Layers; l++)
                layers[l].Span.Slice(((row * T) + t) * Width, Width).CopyTo(_values.AsSpan(((t * Layers) + l) * Width));
    }

    /// <summary>Patches, in order of time; the last ends with the series.</summary>
    public int Patches { get; }

    /// <summary>Blocks.</summary>
    public int Layers { get; }

    /// <summary>Numbers for each patch and block.</summary>
    public int Width { get; }

    /// <summary>Of one patch, after one block.</summary>
    public ReadOnlySpan<float> this[int patch, int layer] => (uint)patch < (uint)Patches && (uint)layer < (uint)Layers
        ? _values.AsSpan(((patch * Layers) + layer) * Width, Width)
        : throw new ArgumentOutOfRangeException(nameof(patch), $"Patch {patch}, layer {layer} of {Patches} and {Layers}.");
}
