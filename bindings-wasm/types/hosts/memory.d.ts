import type { Commit, Load, Row, Seconds } from '../steps.js';

export interface MemoryStore {
  load(question: Load): Promise<Row | undefined>;
  commit(question: Commit): Promise<boolean>;
  /** Drops the rows that have ended by then. */
  prune(now: Seconds): void;
  /** By key, in hexadecimal. */
  readonly rows: Map<string, Row & { expires_at: Seconds; row_kind: string; client_id?: string; subject?: string }>;
}

/** A store in memory. */
export function memoryStore(): MemoryStore;
