namespace XLstm.Training;

/// <summary>The next token of a text, or of the one batch of a file.</summary>
internal sealed class LanguageModelTask(XLstmLanguageModel model, RunData data, string weightsFile) : ITrainingTask
{
    private const long ValidationTokens = 1 << 16;

    public long Tokens => data.Tokens.Length;

    public bool Validates => data.Validation is not null;

    public string WeightsFile => weightsFile;

    public string Fingerprint() => data.Fingerprint();

    public Tensor Loss(Pass pass, long step, int microBatch)
    {
        data.Draw(step, microBatch);
        return Ops.CrossEntropy(pass, model.Forward(data.Tokens, data.Rows, null, pass).Logits, data.Labels);
    }

    public double Validate(Pass pass) => Evaluation.CrossEntropy(model, data.Validation!, pass, mostTokens: ValidationTokens);

    public void SaveWeights() => model.SaveWeights(weightsFile);

    public void Dispose() => data.Dispose();
}
