import { describe } from '@jest/globals';
import { groupLogContract } from '../group-log.contract.ts';
import { inFile, inMemory } from './benches.ts';

describe('GroupLog on SQLite in memory', () =>
  groupLogContract(
    inMemory((store) => store.groupLog),
    150,
  ));
describe('GroupLog on SQLite in a file', () =>
  groupLogContract(
    inFile((store) => store.groupLog),
    20,
  ));
