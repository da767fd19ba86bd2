// A store in memory: for tests, for examples, and for sessions that need not outlive the page.

const name = (key) => Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Gives `load` and `commit`, and `prune`, which drops the rows that have ended by a time in seconds. */
export function memoryStore() {
  const rows = new Map();
  return {
    rows,
    async load({ key }) {
      const row = rows.get(name(key));
      return row && { version: row.version, value: row.value };
    },
    async commit({ key, exists, expected, delete_row, value, expires_at, row_kind, client_id, subject }) {
      const at = name(key);
      // Nothing is awaited in here, so nothing comes in between.
      const stored = rows.get(at)?.version;
      if (stored !== (exists ? expected : undefined)) return false;
      if (delete_row) rows.delete(at);
      else rows.set(at, { version: (stored ?? 0) + 1, value, expires_at, row_kind, client_id, subject });
      return true;
    },
    prune(now) {
      for (const [at, { expires_at }] of rows) if (expires_at <= now) rows.delete(at);
    },
  };
}
