using System.Globalization;

namespace TwinGrid.ModelBench.Rhythm;

/// <summary>How many beats were told right, over all records and in each.</summary>
internal sealed class RhythmScore
{
    private readonly List<(string Name, double Accuracy)> _records = [];
    private long _hits;
    private long _misses;
    private long _falseAlarms;
    private long _quiet;

    /// <summary>The columns of <see cref="Row"/>.</summary>
    public const string Header = "who,accuracy,sensitivity,specificity";

    public bool IsEmpty => _records.Count == 0;

    public void Add(string name, bool[] truth, bool[] said)
    {
        long right = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            _hits += truth[i] && said[i] ? 1 : 0;
            _misses += truth[i] && !said[i] ? 1 : 0;
            _falseAlarms += !truth[i] && said[i] ? 1 : 0;
            _quiet += !truth[i] && !said[i] ? 1 : 0;
            right += truth[i] == said[i] ? 1 : 0;
        }

        _records.Add((name, (double)right / Math.Max(1, truth.Length)));
    }

    public void PrintRecords()
    {
        Console.WriteLine("record,accuracy");
        foreach ((string name, double accuracy) in _records)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name},{accuracy:0.0000}"));
        }
    }

    public double Accuracy => (_hits + _quiet) / (double)Math.Max(1, _hits + _misses + _falseAlarms + _quiet);

    public double Sensitivity => Share(_hits, _misses);

    public double Specificity => Share(_quiet, _falseAlarms);

    public string Row(string who) => string.Create(
        CultureInfo.InvariantCulture, $"{who},{Accuracy:0.0000},{Sensitivity:0.0000},{Specificity:0.0000}");

    private static double Share(long right, long wrong) => right / (double)Math.Max(1, right + wrong);
}
