import { createBreakwater, isBreakwaterError } from 'breakwater';
import { resilientFetch } from 'breakwater/fetch';
import { Registry } from 'prom-client';
import { guardedCalls } from './guarded-calls.cjs';

console.log(
  JSON.stringify(await guardedCalls({ createBreakwater, isBreakwaterError, resilientFetch, Registry })),
);
