import { describe } from '@jest/globals';
import { receiptKeysContract } from '../receipt-keys.contract.ts';
import { inFile, inMemory } from './benches.ts';

describe('ReceiptKeys on SQLite in memory', () =>
  receiptKeysContract(inMemory((store) => store.receiptKeys)));
describe('ReceiptKeys on SQLite in a file', () => receiptKeysContract(inFile((store) => store.receiptKeys)));
