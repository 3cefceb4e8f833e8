using System.Buffers;
using Microsoft.ML.OnnxRuntime;

namespace TwinGrid.Models.Onnx;

/// <summary>A model's file, read, and known to fit its definition. Thread-safe.</summary>
internal sealed class OnnxGraph
{
    private static readonly RunOptions _runOptions = new();

    private readonly InferenceSession _session;
    private readonly OnnxSignature _inputs;
    private readonly OnnxOutput[] _outputs;
    private readonly string[] _tensors;
    private readonly int _rowLength;
    private readonly int _mostColumns;

    private OnnxGraph(
        InferenceSession session, OnnxSignature inputs, OnnxOutput[] outputs, int rowLength, int mostColumns)
    {
        _session = session;
        _inputs = inputs;
        _outputs = outputs;
        _tensors = [.. outputs.Select(output => output.Tensor).Distinct()];
        _rowLength = rowLength;
        _mostColumns = mostColumns;
    }

    /// <summary>Reads the file, compares it with the definition and runs it once.</summary>
    /// <exception cref="DefinitionException">It is not there, no model, or does not fit.</exception>
    public static OnnxGraph Open(
        OnnxSessions sessions, string directory, ModelDefinition definition, OnnxOptions options, OnnxOutput[] outputs)
    {
        string path = Path.GetFullPath(Path.Combine(directory, options.Path));
        FileInfo file = new(path);
        if (!file.Exists)
        {
            throw OnnxSignature.Wrong(definition, options, $"there is no such file in {Path.GetFullPath(directory)}");
        }

        OnnxLimits limits = sessions.Limits;
        if (file.Length > limits.FileBytes)
        {
            throw OnnxSignature.Wrong(
                definition,
                options,
                $"the file has {file.Length} bytes; at most {limits.FileBytes} are read (OnnxLimits.FileBytes)");
        }

        try
        {
            InferenceSession session = sessions.Open(path, options.Threads);
            OnnxSignature inputs = OnnxSignature.Of(session, definition, options);
            int rowLength = options.Window * definition.Inputs.Count;
            if ((long)inputs.FixedRows * rowLength > limits.RunNumbers)
            {
                throw OnnxSignature.Wrong(
                    definition,
                    options,
                    $"a run of its fixed {inputs.FixedRows} rows has {(long)inputs.FixedRows * rowLength} numbers; at "
                    + $"most {limits.RunNumbers} are run at once (OnnxLimits.RunNumbers)");
            }

            OnnxGraph graph = new(
                session,
                inputs,
                [.. outputs.Select(output => output.In(session, definition, options))],
                rowLength,
                limits.OutputColumns);

            // What a graph makes of its axes is known for sure only after a run.
            graph.Run(new double[2 * graph._rowLength], new double[2 * outputs.Length]);
            return graph;
        }
        catch (OnnxRuntimeException e)
        {
            throw OnnxSignature.Wrong(definition, options, $"the runtime cannot run it: {e.Message}");
        }
        catch (OnnxShapeException e)
        {
            throw OnnxSignature.Wrong(definition, options, e.Message);
        }
    }

    /// <summary>Runs on whole rows; the outputs of each row are the fields in order.</summary>
    public void Run(ReadOnlySpan<double> rows, Span<double> outputs)
    {
        int count = rows.Length / _rowLength;
        int most = _inputs.FixedRows > 0 ? _inputs.FixedRows : count;
        for (int from = 0; from < count; from += most)
        {
            int taken = Math.Min(most, count - from);
            Span<double> own = outputs.Slice(from * _outputs.Length, taken * _outputs.Length);
            ReadOnlySpan<double> part = rows.Slice(from * _rowLength, taken * _rowLength);
            if (_inputs.IsDouble)
            {
                Run(part, _inputs.FixedRows > 0 ? most : taken, own, static value => value);
            }
            else
            {
                Run(part, _inputs.FixedRows > 0 ? most : taken, own, static value => (float)value);
            }
        }
    }

    private void Run<T>(ReadOnlySpan<double> part, int rows, Span<double> outputs, Func<double, T> convert)
        where T : unmanaged
    {
        int columns = _rowLength / _inputs.Tensors.Length;
        T[] buffer = ArrayPool<T>.Shared.Rent(rows * _rowLength);
        OrtValue[] values = new OrtValue[_inputs.Tensors.Length];
        try
        {
            // A graph of fixed length gets rows of zeros behind the last one.
            buffer.AsSpan(0, rows * _rowLength).Clear();
            for (int i = 0; i < part.Length; i++)
            {
                (int row, int column) = Math.DivRem(i, _rowLength);
                int at = values.Length == 1 ? i : (column * rows) + row;
                buffer[at] = convert(part[i]);
            }

            long[] shape = [rows, .. _inputs.Shape];
            for (int t = 0; t < values.Length; t++)
            {
                Memory<T> own = buffer.AsMemory(t * rows * columns, rows * columns);
                values[t] = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, own, shape);
            }

            using IDisposableReadOnlyCollection<OrtValue> results =
                _session.Run(_runOptions, _inputs.Tensors, values, _tensors);
            for (int field = 0; field < _outputs.Length; field++)
            {
                OrtValue result = results[Array.IndexOf(_tensors, _outputs[field].Tensor)];
                Copy(result, _outputs[field], rows, outputs, field);
            }
        }
        finally
        {
            foreach (OrtValue? value in values)
            {
                value?.Dispose();
            }

            ArrayPool<T>.Shared.Return(buffer);
        }
    }

    private void Copy(OrtValue result, OnnxOutput output, int rows, Span<double> outputs, int field)
    {
        OrtTensorTypeAndShapeInfo shape = result.GetTensorTypeAndShape();
        long columns = shape.ElementCount / rows;
        if (shape.Shape.Length == 0 || shape.Shape[0] != rows || output.Column >= columns)
        {
            throw new OnnxShapeException(
                $"for {rows} rows the output '{output.Tensor}' has the shape [{string.Join(", ", shape.Shape)}]; "
                + $"expected [{rows}, {output.Column + 1} or more]: the first axis is the row");
        }

        if (columns > _mostColumns)
        {
            throw new OnnxShapeException(
                $"the output '{output.Tensor}' has {columns} numbers for each row; at most {_mostColumns} are read "
                + "(OnnxLimits.OutputColumns)");
        }

        bool isDouble = shape.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double;
        ReadOnlySpan<double> doubles = isDouble ? result.GetTensorDataAsSpan<double>() : [];
        ReadOnlySpan<float> floats = isDouble ? [] : result.GetTensorDataAsSpan<float>();
        for (int row = 0; row < outputs.Length / _outputs.Length; row++)
        {
            int at = (int)((row * columns) + output.Column);
            outputs[(row * _outputs.Length) + field] = isDouble ? doubles[at] : floats[at];
        }
    }
}

/// <summary>A graph gave an output of a shape that has no row for each row that went in.</summary>
internal sealed class OnnxShapeException(string message) : TwinGridException(message);
