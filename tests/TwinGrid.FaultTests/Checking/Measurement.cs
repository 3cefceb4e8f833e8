namespace TwinGrid.FaultTests.Checking;

/// <summary>Which of a device's two publishers: what it measures now, and what it finds late.</summary>
internal enum Publisher
{
    /// <summary>Measures in order; values 1, 2, 3 …</summary>
    Live,

    /// <summary>Sends what is older than the live value; values -1, -2, -3 …</summary>
    Late,
}

/// <summary>
/// Readings that a device measured together and sends in one message. A reading's value is its number, an integer that
/// no other reading of its twin has, so that sums are exact and each is found again wherever it turns up.
/// </summary>
/// <param name="Publisher">Who.</param>
/// <param name="First">The number of the first, from 1.</param>
/// <param name="Count">How many.</param>
/// <param name="Epoch">The epoch that they name.</param>
/// <param name="FirstSeq">The seq of the first.</param>
/// <param name="FirstTime">When the first was measured, Unix microseconds.</param>
internal sealed record Measurement(
    Publisher Publisher, long First, int Count, long Epoch, long FirstSeq, long FirstTime)
{
    /// <summary>Microseconds from one reading to the next.</summary>
    public const long Step = 5_000;

    /// <summary>The number of the last reading.</summary>
    public long Last => First + Count - 1;

    /// <summary>The value of a reading.</summary>
    public long Value(int index) => Publisher == Publisher.Live ? First + index : -(First + index);

    /// <summary>When a reading was measured, Unix microseconds.</summary>
    public long Time(int index) => FirstTime + (index * Step);
}
