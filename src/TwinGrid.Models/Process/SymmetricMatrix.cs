using System.Numerics;

namespace TwinGrid.Models.Process;

/// <summary>
/// A symmetric matrix, row by row in one array, and the little algebra that a monitor needs. One thread, fixed order
/// of sums: the same numbers give the same result on the same processor architecture.
/// </summary>
internal sealed class SymmetricMatrix(int size)
{
    /// <summary>An inverse has rounding in it, far less than this part of its diagonal.</summary>
    private const double MostAsymmetry = 1e-6;

    public SymmetricMatrix(int size, double[] values)
        : this(size)
    {
        Values = values;
    }

    public int Size { get; } = size;

    public double[] Values { get; } = new double[size * size];

    /// <summary>
    /// Whether it is symmetric and y′ M y is above 0 for every y but 0, as of a covariance and of its inverse.
    /// </summary>
    public bool IsPositiveDefinite => IsSymmetric() && Cholesky() is not null;

    public double this[int row, int column]
    {
        get => Values[(row * Size) + column];
        set => Values[(row * Size) + column] = value;
    }

    public ReadOnlySpan<double> Row(int row) => Values.AsSpan(row * Size, Size);

    /// <summary>Σ a b.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Vector<double> sums = Vector<double>.Zero;
        int i = 0;
        for (; i <= a.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            sums += new Vector<double>(a[i..]) * new Vector<double>(b[i..]);
        }

        double sum = Vector.Sum(sums);
        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>y′ M y.</summary>
    public double Quadratic(ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (int i = 0; i < Size; i++)
        {
            sum += y[i] * Dot(Row(i), y);
        }

        return sum;
    }

    /// <summary>Adds weight · y y′.</summary>
    public void AddSquare(ReadOnlySpan<double> y, double weight)
    {
        for (int i = 0; i < Size; i++)
        {
            double scaled = weight * y[i];
            Span<double> row = Values.AsSpan(i * Size, Size);
            int j = 0;
            for (; j <= Size - Vector<double>.Count; j += Vector<double>.Count)
            {
                // Multiplied and added apart, as below: the same bits as one by one.
                (new Vector<double>(row[j..]) + (scaled * new Vector<double>(y[j..]))).CopyTo(row[j..]);
            }

            for (; j < Size; j++)
            {
                row[j] += scaled * y[j];
            }
        }
    }

    /// <summary>(1 - share) · this + share · scale · other.</summary>
    public SymmetricMatrix Shrunk(double share, SymmetricMatrix other, double scale)
    {
        SymmetricMatrix mixed = new(Size);
        for (int i = 0; i < Values.Length; i++)
        {
            mixed.Values[i] = ((1 - share) * Values[i]) + (share * scale * other.Values[i]);
        }

        return mixed;
    }

    /// <summary>Σ of the products of all elements: the trace of the product of two symmetric matrices.</summary>
    public double TraceOfProduct(SymmetricMatrix other) => Dot(Values, other.Values);

    /// <summary>The inverse of a positive definite matrix, by Cholesky's decomposition L L′.</summary>
    public SymmetricMatrix Inverse()
    {
        SymmetricMatrix lower = Cholesky() ?? throw new ArgumentException("The sensors' covariance is singular.");
        SymmetricMatrix inverse = new(Size);
        double[] column = new double[Size];
        for (int c = 0; c < Size; c++)
        {
            Array.Clear(column);
            for (int i = c; i < Size; i++)
            {
                double rest = (i == c ? 1 : 0) - Dot(lower.Row(i)[..i], column.AsSpan(0, i));
                column[i] = rest / lower[i, i];
            }

            for (int i = Size - 1; i >= 0; i--)
            {
                double rest = column[i];
                for (int k = i + 1; k < Size; k++)
                {
                    rest -= lower[k, i] * column[k];
                }

                column[i] = rest / lower[i, i];
                inverse[i, c] = column[i];
            }
        }

        return inverse;
    }

    private bool IsSymmetric()
    {
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double scale = Math.Sqrt(this[i, i] * this[j, j]);
                if (!(Math.Abs(this[i, j] - this[j, i]) <= MostAsymmetry * scale))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>The lower triangle L of L L′; null where the matrix is not positive definite.</summary>
    private SymmetricMatrix? Cholesky()
    {
        SymmetricMatrix lower = new(Size);
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double rest = this[i, j] - Dot(lower.Row(i)[..j], lower.Row(j)[..j]);
                if (i == j && !(rest > 0))
                {
                    return null;
                }

                lower[i, j] = i == j ? Math.Sqrt(rest) : rest / lower[j, j];
            }
        }

        return lower;
    }
}
