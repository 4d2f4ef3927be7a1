using System.Text;

namespace XLstm.Classification.Tests;

public sealed class SequenceFileTests
{
    [Theory]
    [InlineData("\\\"hidden_dim\\\": 16", "\\\"hidden_dim\\\": 60000")]
    [InlineData("\\\"channels\\\": 1,", "\\\"channels\\\": -1,")]
    [InlineData("\\\"stride\\\": ", "\\\"stride\\\": -")]
    [InlineData("\\\"num_blocks\\\": 2", "\\\"num_blocks\\\": 99")]
    [InlineData("\\\"fast\\\"", "\\\"slow\\\"")]
    [InlineData("\\\"networks\\\": 2", "\\\"networks\\\": 0")]
    [InlineData("\\\"networks\\\": 2", "\\\"networks\\\": 64")]
    [InlineData("xlstm-classifier", "xlstm-something")]
    public void A_file_that_claims_something_else_is_refused(string there, string instead)
    {
        using var folder = new TemporaryFolder();
        string path = folder["own.safetensors"];
        SequenceClassifier.Fit(Samples.Waves(4), Samples.Quick with { Steps = 1 }, threads: 1).Save(path);
        byte[] file = File.ReadAllBytes(path);
        int length = BitConverter.ToInt32(file);
        string header = Encoding.UTF8.GetString(file, 8, length);
        // In the header the config is JSON within JSON.
        there = header.Contains(there, StringComparison.Ordinal) ? there : there.Replace("\\\"", "\\u0022", StringComparison.Ordinal);
        instead = there.Contains("\\u0022", StringComparison.Ordinal) ? instead.Replace("\\\"", "\\u0022", StringComparison.Ordinal) : instead;
        Assert.Contains(there, header, StringComparison.Ordinal);
        byte[] changed = Encoding.UTF8.GetBytes(header.Replace(there, instead, StringComparison.Ordinal));
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)changed.Length), .. changed, .. file[(8 + length)..]]);
        Assert.Throws<CheckpointException>(() => SequenceClassifier.Load(path));
    }

    [Fact]
    public void A_file_that_is_cut_off_or_missing_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder["own.safetensors"];
        SequenceClassifier.Fit(Samples.Waves(4), Samples.Quick with { Steps = 1 }, threads: 1).Save(path);
        byte[] file = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 7, 100, file.Length / 2, file.Length - 1 })
        {
            File.WriteAllBytes(path, file[..length]);
            Assert.ThrowsAny<IOException>(() => SequenceClassifier.Load(path));
        }
        Assert.Throws<CheckpointException>(() => SequenceClassifier.Load(folder["none"]));
    }

    [Fact]
    public void A_weight_that_is_no_number_is_named()
    {
        using var folder = new TemporaryFolder();
        string path = folder["own.safetensors"];
        SequenceClassifier.Fit(Samples.Waves(4), Samples.Quick with { Steps = 1 }, threads: 1).Save(path);
        byte[] file = File.ReadAllBytes(path);
        BitConverter.TryWriteBytes(file.AsSpan(file.Length - 4), float.NaN);
        File.WriteAllBytes(path, file);
        Assert.Contains("not finite", Assert.Throws<CheckpointException>(() => SequenceClassifier.Load(path)).Message, StringComparison.Ordinal);
    }
}
