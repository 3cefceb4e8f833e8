using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace TwinGrid.Models.Onnx;

/// <summary>
/// The models that this process has read, one session for each file, however many kinds name it. Thread-safe. Of a file
/// that was written anew the earlier session is let go: it frees its memory by its finalizer once no kind runs it, so
/// none is taken away from a run that is under way.
/// </summary>
internal sealed class OnnxSessions(OnnxLimits limits)
{
    private readonly ConcurrentDictionary<(string Path, DateTime Written, int Threads), Lazy<InferenceSession>>
        _sessions = new();

    /// <summary>How large a model may be.</summary>
    public OnnxLimits Limits => limits;

    /// <summary>The session of a file.</summary>
    /// <exception cref="OnnxRuntimeException">It is no model that the runtime can read.</exception>
    public InferenceSession Open(string path, int threads)
    {
        (string Path, DateTime Written, int Threads) key = (path, File.GetLastWriteTimeUtc(path), threads);
        try
        {
            InferenceSession session =
                _sessions.GetOrAdd(key, static key => new(() => Read(key.Path, key.Threads))).Value;
            foreach (var earlier in _sessions.Keys.Where(known => known.Path == path && known.Written != key.Written))
            {
                _sessions.TryRemove(earlier, out _);
            }

            return session;
        }
        catch
        {
            // The next one tries again: a lazy value would throw the same for ever.
            _sessions.TryRemove(key, out _);
            throw;
        }
    }

    private static InferenceSession Read(string path, int threads)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };

        // Threads that wait for work in a loop would take the cores from the twins.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return new InferenceSession(path, options);
    }
}
