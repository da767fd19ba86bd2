import type { Commit, Load, Row, Seconds } from '../steps.js';

export interface IndexedDBStore {
  load(question: Load): Promise<Row | undefined>;
  commit(question: Commit): Promise<boolean>;
  /** Drops the rows that have ended by then. */
  prune(now: Seconds): Promise<void>;
  close(): Promise<void>;
}

/** A store in IndexedDB, which all tabs and workers of the origin share. Anything that runs in the origin can read it. */
export function indexedDBStore(name?: string): IndexedDBStore;
