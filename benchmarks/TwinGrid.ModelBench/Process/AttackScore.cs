using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

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

    /// <summary>Reads lines of <c>from,to</c>, both hours inclusive.</summary>
    public static AttackScore Read(string path, string[] stamps)
    {
        AttackScore score = new(stamps.Length);
        foreach (string[] row in CsvFile.Rows(path, ','))
        {
            int from = Array.IndexOf(stamps, row[0]);
            int to = row.Length == 2 ? Array.IndexOf(stamps, row[1]) : -1;
            if (from < 0 || to < from)
            {
                throw new BenchProblem(
                    $"{path}: expected two times of the input, from,to; found '{string.Join(',', row)}'");
            }

            score._attacks.Add((from, to));
            Array.Fill(score._isAttack, true, from, to - from + 1);
        }

        return score;
    }

    public string Row(string who, Func<int, bool> isAlarm)
    {
        double detection = 1 - _attacks.Average(attack => Delay(attack, isAlarm));
        double hits = Rate(true, isAlarm);
        double quiet = 1 - Rate(false, isAlarm);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{who},{(detection + ((hits + quiet) / 2)) / 2:0.000},{detection:0.000},{hits:0.000},{quiet:0.000}");
    }

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

    private double Rate(bool attack, Func<int, bool> isAlarm)
    {
        int[] hours = [.. Enumerable.Range(0, _isAttack.Length).Where(hour => _isAttack[hour] == attack)];
        return (double)hours.Count(isAlarm) / Math.Max(1, hours.Length);
    }
}
