using System.Diagnostics;
using System.Globalization;
using TwinGrid.Storage;

namespace TwinGrid.Tests.Storage;

public sealed class DataDirectoryLockTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_second_one_is_refused_and_told_who_holds_the_directory()
    {
        using DataDirectoryLock held = DataDirectoryLock.Acquire(_directory.Path);

        TwinGridException refused = Assert.Throws<TwinGridException>(() => DataDirectoryLock.Acquire(_directory.Path));

        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} "),
            refused.Message,
            StringComparison.Ordinal);
        Assert.Contains(_directory.Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("TwinGrid:DataDirectory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_was_given_back_can_be_taken()
    {
        DataDirectoryLock.Acquire(_directory.Path).Dispose();

        using DataDirectoryLock again = DataDirectoryLock.Acquire(_directory.Path);

        Assert.Equal(_directory.Path, again.Directory);
    }

    [Fact]
    public void A_full_disk_keeps_nobody_from_holding_it_without_a_name()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full is a device of Linux");
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "twingrid.lock.pid"), "/dev/full");

        using DataDirectoryLock held = DataDirectoryLock.Acquire(_directory.Path);

        Assert.Equal(_directory.Path, held.Directory);
    }

    [Fact]
    public async Task Another_process_holds_it_until_it_is_killed()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "flock (util-linux) is not installed");
        string file = Path.Combine(_directory.Path, "twingrid.lock");
        ProcessStartInfo start = new("/usr/bin/flock") { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (string argument in (string[])["-x", "--no-fork", file, "sh", "-c", "echo $$; read wait"])
        {
            start.ArgumentList.Add(argument);
        }

        using Process other = Process.Start(start)!;
        string pid = (await other.StandardOutput.ReadLineAsync())!;
        await File.WriteAllTextAsync(file + ".pid", $"process {pid} on elsewhere\n");
        TwinGridException refused = Assert.Throws<TwinGridException>(() => DataDirectoryLock.Acquire(_directory.Path));
        Assert.StartsWith($"process {pid} on elsewhere already uses", refused.Message, StringComparison.Ordinal);

        other.Kill();
        await other.WaitForExitAsync();

        using DataDirectoryLock ours = DataDirectoryLock.Acquire(_directory.Path);
    }

    [Fact]
    public async Task Another_process_cannot_take_what_this_one_holds()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "flock (util-linux) is not installed");
        using DataDirectoryLock held = DataDirectoryLock.Acquire(_directory.Path);

        using Process other = Process.Start(
            "/usr/bin/flock", ["-n", "-x", "-E", "42", Path.Combine(_directory.Path, "twingrid.lock"), "true"]);
        await other.WaitForExitAsync();

        Assert.Equal(42, other.ExitCode);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_an_error_that_names_its_key()
    {
        string file = Path.Combine(_directory.Path, "file");
        File.WriteAllText(file, "");

        TwinGridException refused = Assert.Throws<TwinGridException>(
            () => DataDirectoryLock.Acquire(Path.Combine(file, "below")));

        Assert.Contains("TwinGrid:DataDirectory", refused.Message, StringComparison.Ordinal);
    }
}
