import { describe } from 'vitest';
import { fastifyKit } from '../integrations/fastify-kit.ts';
import { describeWebContract } from '../integrations/web-contract.ts';

describe(fastifyKit.name, () => describeWebContract(fastifyKit));
