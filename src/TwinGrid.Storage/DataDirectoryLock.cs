using System.Globalization;

namespace TwinGrid.Storage;

/// <summary>
/// Holds a data directory for this process, so that a second one is refused by name instead of fencing the first.
/// The operating system gives it back when the process ends, however it ends.
/// </summary>
/// <remarks>
/// A file that is open for nobody else: <c>flock</c> on Unix, a sharing mode on Windows. Which process holds it stands
/// in a second file, because the first cannot be read while it is held. Not meant for network file systems without
/// locks. Dispose it last, after everything that writes there.
/// </remarks>
public sealed class DataDirectoryLock : IDisposable
{
    private const string LockFile = "twingrid.lock";
    private const string HolderFile = "twingrid.lock.pid";

    private readonly FileStream _held;

    private DataDirectoryLock(string directory, FileStream held)
    {
        Directory = directory;
        _held = held;
    }

    /// <summary>The directory that is held.</summary>
    public string Directory { get; }

    /// <summary>Holds a directory; it is made where it does not exist.</summary>
    /// <exception cref="TwinGridException">Another process holds it, or nothing can be written there.</exception>
    public static DataDirectoryLock Acquire(string directory)
    {
        string path = Path.GetFullPath(directory);
        try
        {
            System.IO.Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, e);
        }

        FileStream held = Open(path);
        try
        {
            File.WriteAllText(Path.Combine(path, HolderFile), Describe());
        }
        catch (IOException)
        {
            // A full disk. The name is for people: it is held without.
        }
        catch (UnauthorizedAccessException e)
        {
            held.Dispose();
            throw CannotWrite(path, e);
        }

        return new DataDirectoryLock(path, held);
    }

    /// <summary>Gives the directory back.</summary>
    public void Dispose() => _held.Dispose();

    private static FileStream Open(string path)
    {
        string file = Path.Combine(path, LockFile);
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new TwinGridException(
                $"{ReadHolder(path)} already uses the data directory {path}: stop it, or give this one another "
                + "TwinGrid:DataDirectory.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, e);
        }
    }

    private static string Describe() =>
        string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}");

    private static string ReadHolder(string path)
    {
        try
        {
            string holder = File.ReadAllText(Path.Combine(path, HolderFile)).Trim();
            return holder.Length == 0 ? "another process" : holder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has the lock and has not written its name yet.
            return "another process";
        }
    }

    private static TwinGridException CannotWrite(string path, Exception e) => new(
        $"The data directory {path} cannot be written: {e.Message} Give this user the right to, or change "
        + "TwinGrid:DataDirectory.",
        e);
}
