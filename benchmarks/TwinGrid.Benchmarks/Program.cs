using BenchmarkDotNet.Running;
using TwinGrid.Benchmarks.Road;

if (args is ["road", .. string[] rest])
{
    await RoadRun.RunAsync(rest);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
