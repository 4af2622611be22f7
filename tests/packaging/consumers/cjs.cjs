const { createBreakwater, isBreakwaterError } = require('breakwater');
const { resilientFetch } = require('breakwater/fetch');
const { Registry } = require('prom-client');
const { guardedCalls } = require('./guarded-calls.cjs');

guardedCalls({ createBreakwater, isBreakwaterError, resilientFetch, Registry }).then((result) =>
  console.log(JSON.stringify(result)),
);
