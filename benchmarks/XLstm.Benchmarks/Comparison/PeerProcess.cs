using System.Diagnostics;
using System.Text.Json;

namespace XLstm.Benchmarks.Comparison;

/// <summary>A program that answers each line of JSON with another one; an "error" in it is an exception here.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    /// <summary>Null where there is no such program.</summary>
    public static PeerProcess? Start(ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        try
        {
            Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return new PeerProcess(process);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <exception cref="InvalidOperationException">The peer ended, or says that it cannot.</exception>
    public JsonElement Ask(object request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        _process.StandardInput.Flush();
        string line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The peer ended.");
        JsonElement answer = JsonDocument.Parse(line).RootElement;
        return answer.TryGetProperty("error", out JsonElement error) ? throw new InvalidOperationException($"The peer says: {error}") : answer;
    }

    /// <summary>A file of benchmarks/peers.</summary>
    public static string Script(string name)
    {
        using var reader = new StreamReader(typeof(PeerProcess).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
