const { readFileSync } = require('node:fs');
const { prometheusRules, readSpec } = require('breakwater/slo');

process.stdout.write(prometheusRules(readSpec(readFileSync('slo.yaml', 'utf8'))).text);
