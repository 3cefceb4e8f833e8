namespace TwinGrid.LoadTest.Reporting;

/// <summary>Says on the error output what goes on: over and over in a line of a terminal, else in lines.</summary>
internal static class ProgressLine
{
    private const int Width = 100;

    /// <summary>Says it.</summary>
    public static void Say(string what)
    {
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(what);
        }
        else
        {
            Console.Error.Write($"\r{what.PadRight(Width)}");
        }
    }

    /// <summary>Makes room for what is to stay.</summary>
    public static void Clear()
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write($"\r{new string(' ', Width)}\r");
        }
    }
}
