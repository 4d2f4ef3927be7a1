using System.Text;
using System.Text.Json.Nodes;

namespace XLstm.Cli.Tests;

public sealed class EvaluateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model, _text;

    public EvaluateTests()
    {
        _model = TinyModel.Create(_folder["model"]);
        _text = _folder["text.txt"];
        File.WriteAllText(_text, string.Concat(Enumerable.Range(0, 200).Select(i => $"{i} naïve lines. ")));
    }

    public void Dispose() => _folder.Dispose();

    private JsonNode Numbers(params string[] args) => JsonNode.Parse(Cli.Run(["evaluate", _text, "--model", _model, "--json", .. args]).Succeeds())!;

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(17)]
    public void Numbers_are_those_of_the_plain_sum(int context)
    {
        int[] tokens = [.. File.ReadAllBytes(_text)];
        int each = context == 0 ? tokens.Length : context;
        var model = XLstmLanguageModel.Load(_model);
        double sum = 0, first = 0;
        int count = 0, firsts = 0;
        for (int from = 0; from + each <= tokens.Length; from += each)
        {
            using var pass = new Pass();
            float[] logits = model.Forward(tokens[from..(from + each)], 1, null, pass).Logits.Span.ToArray();
            for (int t = 0; t < each - 1; t++)
            {
                double nats = Math.Log(logits.Skip(t * 256).Take(256).Sum(l => Math.Exp(l))) - logits[t * 256 + tokens[from + t + 1]];
                sum += nats;
                count++;
                if (t < 16)
                    (first, firsts) = (first + nats, firsts + 1);
            }
        }
        JsonNode numbers = Numbers("--context", $"{context}");
        Assert.Equal(count, (int)numbers["tokens"]!);
        Assert.Equal(count, (int)numbers["bytes"]!);
        Assert.Equal(sum / count, (double)numbers["nats_per_token"]!, 1e-4);
        Assert.Equal(Math.Exp(sum / count), (double)numbers["perplexity"]!, 0.1);
        Assert.Equal(sum / count / Math.Log(2), (double)numbers["bits_per_byte"]!, 1e-4);
        JsonArray positions = numbers["by_position"]!.AsArray();
        Assert.Equal((0, 16, firsts), ((int)positions[0]!["from"]!, (int)positions[0]!["to"]!, (int)positions[0]!["tokens"]!));
        Assert.Equal(first / firsts, (double)positions[0]!["nats_per_token"]!, 1e-4);
        Assert.Equal(count, positions.Sum(p => (int)p!["tokens"]!));
        Assert.Equal(each > 32 ? 32 : 0, positions.Count > 2 ? (int)positions[2]!["from"]! : 0);
    }

    [Fact]
    public void A_token_before_every_text_is_read_and_not_predicted()
    {
        File.WriteAllText(Path.Combine(_model, "generation_config.json"), """{"bos_token_id": 7, "force_bos_token_insert": true}""");
        int bytes = (int)new FileInfo(_text).Length;
        Assert.Equal(bytes, (int)Numbers()["tokens"]!);
        Assert.Equal(bytes / 100 * 100, (int)Numbers("--context", "100")["tokens"]!);
        Assert.Equal(50, (int)Numbers("--most-tokens", "50")["tokens"]!);
    }

    [Fact]
    public void The_curve_is_shown_and_drawn()
    {
        string output = Cli.Run("evaluate", _text, "--model", _model, "--plot", _folder["curve.svg"]).Succeeds();
        Assert.Contains("Bits per byte", output, StringComparison.Ordinal);
        Assert.Contains("16 to 31", output, StringComparison.Ordinal);
        Assert.Contains('*', output);
        Assert.Contains("<svg", File.ReadAllText(_folder["curve.svg"], Encoding.UTF8), StringComparison.Ordinal);
        Cli.Run("evaluate", _text, "--model", _model, "--plot", _folder["curve.gif"]).FailsAsUsage("--plot", ".svg");
        Cli.Run("evaluate", _folder["none"], "--model", _model).Fails(_folder["none"]);
        Cli.Run("evaluate").FailsAsUsage("TEXT");
    }
}
