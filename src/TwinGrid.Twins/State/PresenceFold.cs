namespace TwinGrid.Twins.State;

/// <summary>Whether a twin's device is online: its session says so unless the device itself does.</summary>
internal static class PresenceFold
{
    public static void Apply(TwinState state, PresenceInput presence, long received, TurnEffects effects)
    {
        // The device's own word overrides its session, but the session's end still ends it.
        bool isOwnWord = presence.Session.Length == 0;
        if (!isOwnWord && presence.Online != true && state.OnlineSession != presence.Session)
        {
            // A session that was taken over ends late; the newer one still feeds the twin.
            return;
        }

        string session = isOwnWord ? state.OnlineSession : presence.Online == true ? presence.Session : "";
        if (presence.Online == true)
        {
            state.LastSeen = Math.Max(state.LastSeen, received);
        }

        effects.Changed = true;
        state.Online = presence.Online;
        state.OnlineSession = session;
        state.OnlineSince = received;
    }
}
