namespace TwinGrid.Twins.Control.Expressions;

/// <summary>A field of a <see cref="Prediction"/> that expressions read; its name in lower case is the word.</summary>
internal enum PredictionField : byte
{
    /// <summary><see cref="Prediction.Value"/>.</summary>
    Value = 0,

    /// <summary><see cref="Prediction.Lower"/>.</summary>
    Lower = 1,

    /// <summary><see cref="Prediction.Upper"/>.</summary>
    Upper = 2,

    /// <summary><see cref="Prediction.Confidence"/>.</summary>
    Confidence = 3,

    /// <summary><see cref="Prediction.Residual"/>.</summary>
    Residual = 4,

    /// <summary><see cref="Prediction.Horizon"/>, seconds.</summary>
    Horizon = 5,

    /// <summary><see cref="Prediction.Expected"/>.</summary>
    Expected = 6,

    /// <summary><see cref="Prediction.Threshold"/>.</summary>
    Threshold = 7,
}
