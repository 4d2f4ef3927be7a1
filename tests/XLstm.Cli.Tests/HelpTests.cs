using XLstm.Kernels;

namespace XLstm.Cli.Tests;

public class HelpTests
{
    [Fact]
    public void Version_names_the_instruction_set() => Assert.Contains(Simd.Description, Cli.Run("--version").Succeeds(), StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_the_same_as_help() => Assert.Equal(Cli.Run("--help").Succeeds(), Cli.Run().Succeeds());

    [Theory]
    [InlineData("train")]
    [InlineData("generate")]
    [InlineData("logits")]
    [InlineData("inspect")]
    [InlineData("outputs")]
    [InlineData("bench")]
    [InlineData("forecast")]
    [InlineData("backtest")]
    [InlineData("anomalies")]
    [InlineData("experiment")]
    public void Every_command_explains_itself_with_examples(string command)
    {
        Assert.Contains("  " + command, Cli.Run("--help").Output, StringComparison.Ordinal);
        string help = Cli.Run(command, "--help").Succeeds();
        Assert.Contains("Examples:\n  xlstm " + command, help.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.All(help.ReplaceLineEndings("\n").Split('\n'), line => Assert.True(line.Length <= 110, line));
    }

    [Fact]
    public void Misspelt_words_are_usage_errors_with_a_suggestion()
    {
        Cli.Run("genrate").FailsAsUsage("Did you mean generate?", "xlstm --help");
        Cli.Run("generate", "--temprature", "1").FailsAsUsage("Did you mean --temperature?", "xlstm generate --help");
        Cli.Run("train", "--step", "5").FailsAsUsage("\"--step\" is not known here. Did you mean --steps?");
        Cli.Run("generate", "something").FailsAsUsage("\"something\" is not known here.");
    }

    [Theory]
    [InlineData("--temperature", "-1", "0 to 1000")]
    [InlineData("--temperature", "NaN", "0 to 1000")]
    [InlineData("--temperature", "warm", "warm")]
    [InlineData("--top-p", "0", "above 0, 1 at most")]
    [InlineData("--top-k", "-3", "0 or more")]
    [InlineData("--max-tokens", "-1", "0 or more")]
    [InlineData("--max-tokens", "1.5", "whole number")]
    [InlineData("--max-tokens", "99999999999", "whole number")]
    [InlineData("--seed", "-1", "--seed")]
    public void Impossible_values_are_usage_errors(string option, string value, string message) => Cli.Run("generate", option, value).FailsAsUsage(option, message);

    [Theory]
    [InlineData("--steps", "0")]
    [InlineData("--minutes", "0")]
    [InlineData("--lr", "-1")]
    [InlineData("--batch", "0")]
    [InlineData("--schedule", "sideways")]
    [InlineData("--beta1", "2")]
    [InlineData("--preset", "enormous")]
    [InlineData("--threads", "-1")]
    public void Impossible_values_of_training_are_usage_errors(string option, string value) => Cli.Run("train", option, value).FailsAsUsage(option);

    [Theory]
    [InlineData("--steps", "1", "--minutes", "1")]
    [InlineData("--preset", "tiny", "--config", "x")]
    [InlineData("--preset", "tiny", "--init", "x")]
    [InlineData("text.txt", "--batch-file", "x")]
    [InlineData("--resume", "--force")]
    public void Options_that_exclude_each_other_are_usage_errors(params string[] args) => Cli.Run(["train", .. args]).FailsAsUsage("exclude each other");

    /// <summary>What an option's own range does not tell.</summary>
    [Theory]
    [InlineData("Beta1 is 1", "--beta1", "1")]
    [InlineData("LearningRate is Infinity", "--lr", "Infinity")]
    [InlineData("too large", "--batch", "100000", "--context", "1000")]
    public void Values_that_no_training_can_have_are_usage_errors(string message, params string[] args)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["text.txt"], new string('a', 2000));
        Cli.Run(["train", folder["text.txt"], "--out", folder["run"], .. args]).FailsAsUsage(message, "xlstm train --help");
        Cli.Run("train-forecaster", "--pattern", "x", "--out", folder["forecaster"]).FailsAsUsage("\"x\" is no pattern of blocks");
    }

    [Fact]
    public void Quantize_lists_the_formats_that_it_makes()
    {
        string help = Cli.Run("quantize", "--help").Succeeds();
        Assert.Contains("--format q8|q4 ", help, StringComparison.Ordinal);
        Assert.DoesNotContain("bf16", help, StringComparison.Ordinal);
        Assert.Contains("--format f32|bf16|f16|q8|q4", Cli.Run("convert", "--help").Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Required_options_are_named() => Cli.Run("logits").FailsAsUsage("--tokens");
}
