import { describe } from '@jest/globals';
import { registryContract } from '../registry.contract.ts';
import { inFile, inMemory } from './benches.ts';

describe('Registry on SQLite in memory', () =>
  registryContract(
    inMemory((store) => store.registry),
    300,
  ));
describe('Registry on SQLite in a file', () => registryContract(inFile((store) => store.registry)));
