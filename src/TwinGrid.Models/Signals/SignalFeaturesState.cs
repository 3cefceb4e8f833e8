using System.Runtime.CompilerServices;

namespace TwinGrid.Models.Signals;

/// <summary>What <see cref="SignalFeatures"/> knows of a twin: 15 doubles, the features first, in order.</summary>
internal struct SignalFeaturesState
{
    public double Rms;
    public double Peak;
    public double Crest;
    public double Kurtosis;

    /// <summary>How deep the envelope is modulated at the defects' frequencies.</summary>
    public Defects Depths;

    /// <summary>By how much the defects' lines stand above the floor, the reason of the last prediction.</summary>
    public Defects Heights;

    /// <summary>The shaft's speed then, Hz.</summary>
    public double Speed;

    /// <summary>The band then, Hz; 0 before the first block.</summary>
    public double Lower;
    public double Upper;

    /// <summary>One number for each defect; NaN where nothing can be told.</summary>
    [InlineArray(BearingOrders.Count)]
    public struct Defects
    {
        private double _first;
    }
}
