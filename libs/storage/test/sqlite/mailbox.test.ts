import { describe } from '@jest/globals';
import { mailboxContract } from '../mailbox.contract.ts';
import { inFile, inMemory } from './benches.ts';

describe('Mailbox on SQLite in memory', () => mailboxContract(inMemory((store) => store.mailbox)));
describe('Mailbox on SQLite in a file', () => mailboxContract(inFile((store) => store.mailbox)));
