import { describe } from '@jest/globals';
import { singleUseStockContract } from '../single-use-stock.contract.ts';
import { inFile, inMemory } from './benches.ts';

describe('SingleUseStock on SQLite in memory', () =>
  singleUseStockContract(
    inMemory((store) => store.singleUseStock),
    300,
  ));
describe('SingleUseStock on SQLite in a file', () =>
  singleUseStockContract(inFile((store) => store.singleUseStock)));
