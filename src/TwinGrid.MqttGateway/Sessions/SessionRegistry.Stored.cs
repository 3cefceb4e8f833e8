namespace TwinGrid.MqttGateway.Sessions;

/// <content>What the store has of sessions, and what of a session goes there.</content>
internal sealed partial class SessionRegistry
{
    /// <summary>
    /// Learns which sessions the store has of gateways that are gone; what connected when a gateway ended, ended with
    /// it. Those of gateways that live are theirs.
    /// </summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        long now = UnixMicroseconds.Now(_clock);
        List<StoredSession> owing = [];
        await foreach (StoredSession session in _store.ReadSessionsAsync(cancellationToken))
        {
            if (owing.Count == MostAdopted)
            {
                await AdoptAsync(owing, cancellationToken);
                owing.Clear();
            }

            long expires = Expires(session, now);
            lock (_lock)
            {
                _lastClaim = Math.Max(_lastClaim, session.Claim.Time);
                if (_peers.Lives(session.Claim.Gateway))
                {
                    continue;
                }

                if (WillOf(session) is not null)
                {
                    if (_peers.IsGone(session.Claim.Gateway))
                    {
                        owing.Add(session);
                    }
                }
                else if (expires <= now)
                {
                    _rows.Post(new SessionChange(session.Client, null) { Claim = session.Claim });
                }
                else if (!_stored.TryGetValue(session.Client, out (long, SessionClaim Claim) known)
                    || known.Claim != session.Claim)
                {
                    long due = In(TimeSpan.FromMicroseconds(expires - now));
                    _stored[session.Client] = (due, session.Claim);
                    _storedDeadlines.Enqueue(session.Client, due);
                }
            }
        }

        await AdoptAsync(owing, cancellationToken);
    }

    /// <summary>Erases the rows whose time is over and whose clients never came back.</summary>
    private void ForgetStored(long now)
    {
        while (_storedDeadlines.TryPeek(out string? client, out long due) && due <= now)
        {
            _storedDeadlines.Dequeue();
            if (_stored.TryGetValue(client, out (long Due, SessionClaim Claim) stored) && stored.Due <= now)
            {
                _stored.Remove(client);
                _rows.Post(new SessionChange(client, null) { Claim = stored.Claim });
            }
        }
    }

    private void Post(MqttSession session)
    {
        if (IsKept(session))
        {
            session.IsStored = true;
            _rows.Post(Change(session));
        }
        else if (session.IsStored)
        {
            session.IsStored = false;
            _rows.Post(new SessionChange(session.Client, null) { Claim = session.Claim });
        }
    }

    private static bool IsKept(MqttSession session) => session.ExpirySeconds > 0 || session.Will is not null;

    private static SessionChange Change(MqttSession session, bool withWill = true) =>
        new(session.Client, new StoredSession
        {
            Client = session.Client,
            ExpirySeconds = session.ExpirySeconds,
            EndedAt = session.EndedAt,
            State = SessionState.Write(
                session.Subscriptions(),
                withWill && session.Will is { } will ? new OwedWill(will, session.WillAt) : null),
            Claim = session.Claim,
        });

    private static long Expires(StoredSession session, long now) =>
        (session.EndedAt ?? now) + (session.ExpirySeconds * UnixMicroseconds.PerSecond);
}
