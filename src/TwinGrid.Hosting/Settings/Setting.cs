namespace TwinGrid.Hosting.Settings;

/// <summary>One key of the section and how its value is written. Immutable, thread-safe.</summary>
/// <param name="Key">The key without the section's name, such as <c>Mqtt:Port</c>.</param>
/// <param name="Form">How its value is written.</param>
/// <param name="Later">What is said of a value that has a meaning reserved for a later version, or null.</param>
internal sealed record Setting(string Key, SettingForm Form, string? Later = null)
{
    /// <summary>Why the value cannot be used, or null when it can.</summary>
    public string? Judge(string value)
    {
        if (Form.Accepts(value))
        {
            return null;
        }

        string problem = $"{SettingsTable.Section}:{Key} is '{value}': expected {Form.Expected}";
        return Later is null ? problem : $"{problem}; {Later}";
    }
}
