using Microsoft.ML;

namespace XLstm.Extensions.ML;

/// <summary>What is computed of a row: once, when it is first asked for.</summary>
internal sealed class PerRow<T>(DataViewRow row, Func<T> compute)
    where T : class
{
    private T? _value;
    private long _position = -1;

    /// <summary>That of the row where it stands now.</summary>
    public T Value
    {
        get
        {
            if (_value is null || _position != row.Position)
                (_value, _position) = (compute(), row.Position);
            return _value;
        }
    }
}
