namespace TwinGrid.Tests.Hosting;

/// <summary>Waits for a condition, with a deadline that a slow machine keeps.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<Task<bool>> condition, int seconds = 60)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(seconds));
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(100));
        while (!await condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"the condition did not hold within {seconds} s");
            await again.WaitForNextTickAsync();
        }
    }
}
