namespace XLstm.Cli.Tests;

public class FailureTests
{
    [Fact]
    public void Parameters_of_methods_are_not_shown() =>
        Assert.Equal("heads is 3.", Failure.Describe(new ArgumentOutOfRangeException("heads", 3, "heads is 3.")));

    [Fact]
    public void A_full_disk_is_told_with_what_to_do()
    {
        var full = new IOException("No space left on device", 28);
        string message = Failure.Describe(new IOException("/x: cannot be written: No space left on device", full));
        Assert.Contains("/x: cannot be written", message, StringComparison.Ordinal);
        Assert.Contains("Make room", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_much_memory_ends_in_a_message()
    {
        Assert.Contains("--batch", Failure.Describe(new InsufficientMemoryException()), StringComparison.Ordinal);
        // Without a limit of its own the system kills the process before it can say so.
        Assert.Contains("\"System.GC.HeapHardLimitPercent\": 80", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "XLstm.Cli.runtimeconfig.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_of_the_program_are_told_apart() => Assert.Contains("not your mistake", Failure.Describe(new InvalidCastException("?")), StringComparison.Ordinal);
}
