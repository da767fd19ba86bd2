// A store in IndexedDB: shared by the tabs and workers of an origin, and there after a reload.

const ROWS = 'rows';

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const ended = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
  });

function open(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(ROWS).createIndex('expires_at', 'expires_at');
  return done(request);
}

/** Gives `load` and `commit`, `prune`, which drops the rows that have ended by a time in seconds, and `close`. */
export function indexedDBStore(name = 'symbolon') {
  let database;
  const rows = async (mode, options) => {
    database ??= open(name).then((opened) => {
      // Another version of the page wants to change it, or the browser has dropped it: it is opened again when it is needed.
      const forget = () => {
        opened.close();
        database = undefined;
      };
      opened.onversionchange = forget;
      opened.onclose = forget;
      return opened;
    }, (error) => {
      database = undefined;
      throw error;
    });
    const transaction = (await database).transaction(ROWS, mode, options);
    return { transaction, store: transaction.objectStore(ROWS) };
  };
  return {
    async load({ key }) {
      const { store } = await rows('readonly');
      const row = await done(store.get(key));
      return row && { version: row.version, value: row.value };
    },
    async commit({ key, exists, expected, delete_row, value, expires_at, row_kind, client_id, subject }) {
      // Transactions that write one store come one after the other, over all tabs, and it is on the disk when it is complete.
      const { transaction, store } = await rows('readwrite', { durability: 'strict' });
      const over = ended(transaction);
      const stored = (await done(store.get(key)))?.version;
      const won = stored === (exists ? expected : undefined);
      if (won && delete_row) store.delete(key);
      else if (won) store.put({ version: (stored ?? 0) + 1, value, expires_at, row_kind, client_id, subject }, key);
      await over;
      return won;
    },
    async prune(now) {
      const { transaction, store } = await rows('readwrite');
      const over = ended(transaction);
      const cursor = store.index('expires_at').openCursor(IDBKeyRange.upperBound(now));
      cursor.onsuccess = () => {
        cursor.result?.delete();
        cursor.result?.continue();
      };
      await over;
    },
    async close() {
      (await database)?.close();
      database = undefined;
    },
  };
}
