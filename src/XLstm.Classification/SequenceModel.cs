namespace XLstm.Classification;

/// <summary>What a file of a training is.</summary>
public static class SequenceModel
{
    /// <summary>Whether a file, or the directory of a training, has a classifier; otherwise a regressor.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, or neither.</exception>
    public static bool IsClassifier(string path) => SequenceFile.Read(path).Config.Classes is not null;

    /// <summary>How the file of the training was read, to read others for the model; null where it was no .csv.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, or neither.</exception>
    public static SequenceTableOptions? Table(string path) => SequenceFile.Read(path).Config.Reading;
}
