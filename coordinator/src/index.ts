export type { JournalEntry, JournalEvent } from './store/journal.js';
export { openStore, type Store } from './store/store.js';
