using System.Globalization;
using TwinGrid.ModelBench;
using TwinGrid.ModelBench.Anomaly;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Cost;
using TwinGrid.ModelBench.Life;
using TwinGrid.ModelBench.Process;
using TwinGrid.ModelBench.Rhythm;
using TwinGrid.ModelBench.Table;
using TwinGrid.ModelBench.Wind;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Verb[] verbs =
[
    new(AnomalyVerb.Name, AnomalyVerb.Usage, AnomalyVerb.Run),
    new(FalseAlarmsVerb.Name, FalseAlarmsVerb.Usage, FalseAlarmsVerb.Run),
    new(NabScoreVerb.Name, NabScoreVerb.Usage, NabScoreVerb.Run),
    new(LifeVerb.Name, LifeVerb.Usage, LifeVerb.Run),
    new(ValueVerb.Name, ValueVerb.Usage, ValueVerb.Run),
    new(ProcessVerb.Name, ProcessVerb.Usage, ProcessVerb.Run),
    new(AttackVerb.Name, AttackVerb.Usage, AttackVerb.Run),
    new(ProcessTableVerb.Name, ProcessTableVerb.Usage, ProcessTableVerb.Run),
    new(WindVerb.Name, WindVerb.Usage, WindVerb.Run),
    new(RhythmVerb.Name, RhythmVerb.Usage, RhythmVerb.Run),
    new(CostVerb.Name, CostVerb.Usage, CostVerb.Run),
    new(TableVerb.Name, TableVerb.Usage, TableVerb.Run),
];

Verb? verb = args.Length == 0 ? null : Array.Find(verbs, v => v.Name == args[0]);
try
{
    return verb is null
        ? throw new BenchProblem(args.Length == 0 ? "Name a verb" : $"There is no verb '{args[0]}'")
        : verb.Run(BenchArguments.Read(args.AsSpan(1)));
}
catch (BenchProblem problem)
{
    Console.Error.WriteLine(problem.Message);
    foreach (Verb known in verb is null ? verbs : [verb])
    {
        Console.Error.WriteLine($"  {known.Name} {known.Usage}");
    }

    return 2;
}
catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"No result: {problem.Message}");
    return 1;
}
