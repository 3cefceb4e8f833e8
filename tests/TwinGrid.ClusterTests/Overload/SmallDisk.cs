using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Overload;

/// <summary>A disk of a few MiB, in memory, that can be filled to its last byte and emptied again.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path;

    private SmallDisk(string path)
    {
        _path = path;
    }

    /// <summary>Where it is mounted.</summary>
    public string Directory => _path;

    private string Ballast => Path.Combine(_path, "ballast");

    /// <summary>Mounts one; skips the test for users who may not.</summary>
    public static async Task<SmallDisk> MountAsync(string path, int mebibytes)
    {
        Installed.Require("mount");
        System.IO.Directory.CreateDirectory(path);
        ProgramEnd mount = await RunningProgram.RunAsync(
            "mount", ["-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path]);
        Assert.SkipWhen(mount.ExitCode != 0, $"a tmpfs cannot be mounted: {mount.Errors}");
        return new SmallDisk(path);
    }

    /// <summary>Fills it.</summary>
    public void Fill()
    {
        using FileStream ballast = new(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[65_536];
        for (int size = block.Length; size > 0; size /= 2)
        {
            try
            {
                while (true)
                {
                    ballast.Write(block, 0, size);
                }
            }
            catch (IOException)
            {
                // Full for blocks of this size; smaller ones may fit.
            }
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Empty() => File.Delete(Ballast);

    public void Dispose()
    {
        RunningProgram.RunAsync("umount", [_path]).GetAwaiter().GetResult();
        System.IO.Directory.Delete(_path, recursive: true);
    }
}
