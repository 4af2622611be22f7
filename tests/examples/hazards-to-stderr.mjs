// Preloaded into examples and snippets: the library's own trip no hazard, whatever their logger is.
import { subscribe } from 'node:diagnostics_channel';

subscribe('breakwater:hazard', ({ policy, code, message }) => {
  process.stderr.write(`hazard ${code} of policy '${policy}': ${message}\n`);
});
