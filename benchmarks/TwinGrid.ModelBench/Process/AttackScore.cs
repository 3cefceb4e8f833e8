using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

/// <summary>BATADAL's figures of one detector.</summary>
/// <param name="Detection">S_TTD: 1 - mean(time to detect / length of the attack).</param>
/// <param name="Hits">TPR: of the hours under attack, those with an alarm.</param>
/// <param name="Quiet">TNR: of the other hours, those without.</param>
internal readonly record struct AttackFigures(double Detection, double Hits, double Quiet)
{
    /// <summary>S: 0.25 for silence, 0.75 for a steady alarm.</summary>
    public double Score => (Detection + ((Hits + Quiet) / 2)) / 2;
}

/// <summary>
/// BATADAL's score S = (S_TTD + S_CM)/2: S_TTD = 1 - mean(time to detect / length of the attack), an attack that is
/// not found counting 1; S_CM = (TPR + TNR)/2 over hours.
/// </summary>
internal sealed class AttackScore
{
    public const string Header = "who,s,s_ttd,tpr,tnr";

    private readonly List<(int From, int To)> _attacks = [];
    private readonly bool[] _isAttack;

    private AttackScore(int hours) => _isAttack = new bool[hours];

    /// <summary>How many hours there are.</summary>
    public int Hours => _isAttack.Length;

    /// <summary>Reads lines of <c>from,to</c>, both hours inclusive.</summary>
    public static AttackScore Read(string path, string[] stamps) =>
        Of(CsvFile.Rows(path, ',').Select(row => row.Length == 2 ? (row[0], row[1]) : (row[0], "")), stamps, path);

    /// <summary>Attacks by the times at which they began and ended, both hours inclusive.</summary>
    /// <param name="attacks">The times as they stand in the input.</param>
    /// <param name="stamps">The times of the input.</param>
    /// <param name="source">Where the attacks are from, for messages.</param>
    public static AttackScore Of(IEnumerable<(string From, string To)> attacks, string[] stamps, string source)
    {
        AttackScore score = new(stamps.Length);
        foreach ((string first, string last) in attacks)
        {
            int from = Array.IndexOf(stamps, first);
            int to = Array.IndexOf(stamps, last);
            if (from < 0 || to < from)
            {
                throw new BenchProblem($"{source}: expected two times of the input, from,to; found '{first},{last}'");
            }

            score._attacks.Add((from, to));
            Array.Fill(score._isAttack, true, from, to - from + 1);
        }

        return score;
    }

    public string Row(string who, Func<int, bool> isAlarm)
    {
        AttackFigures figures = Judge(isAlarm, 0, Hours);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{who},{figures.Score:0.000},{figures.Detection:0.000},{figures.Hits:0.000},{figures.Quiet:0.000}");
    }

    /// <summary>Judges some of the hours: the attacks that begin in them.</summary>
    /// <param name="isAlarm">Whether there is an alarm in an hour.</param>
    /// <param name="from">The first hour.</param>
    /// <param name="to">The hour after the last.</param>
    public AttackFigures Judge(Func<int, bool> isAlarm, int from, int to) => new(
        1 - _attacks.Where(attack => attack.From >= from && attack.From < to)
            .Average(attack => Delay(attack, isAlarm)),
        Rate(true, isAlarm, from, to),
        1 - Rate(false, isAlarm, from, to));

    private static double Delay((int From, int To) attack, Func<int, bool> isAlarm)
    {
        int length = attack.To - attack.From + 1;
        int delay = 0;
        while (delay < length && !isAlarm(attack.From + delay))
        {
            delay++;
        }

        return (double)delay / length;
    }

    private double Rate(bool attack, Func<int, bool> isAlarm, int from, int to)
    {
        int[] hours = [.. Enumerable.Range(from, to - from).Where(hour => _isAttack[hour] == attack)];
        return (double)hours.Count(isAlarm) / Math.Max(1, hours.Length);
    }
}
