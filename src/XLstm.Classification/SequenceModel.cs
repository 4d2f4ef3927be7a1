namespace XLstm.Classification;

/// <summary>What a file of a training is.</summary>
public static class SequenceModel
{
    /// <summary>Whether a file, or the directory of a training, has a classifier; otherwise a regressor.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, or neither.</exception>
    public static bool IsClassifier(string path) => SequenceFile.Read(path).Config.Classes is not null;
}
