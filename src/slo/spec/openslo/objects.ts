import type { z } from 'zod';
import { checkDocument, type SpecDocument } from '../document.ts';
import { SpecError, type SpecProblem } from '../problems.ts';
import { kindOf, schemas } from './schema.ts';

/** An object of a file, and the document that it is. */
export interface Placed<Given> {
  readonly given: Given;
  readonly document: SpecDocument;
}

type Given<Kind extends keyof typeof schemas> = Placed<z.output<(typeof schemas)[Kind]>>;

/** The objects of a file by kind, and by name where they are referred to. */
export class OpenSloObjects {
  readonly slos: Given<'SLO'>[] = [];
  readonly slis = new Map<string, Given<'SLI'>>();
  readonly services = new Map<string, Given<'Service'>>();
  readonly dataSources = new Map<string, Given<'DataSource'>>();
  readonly others: Given<'other'>[] = [];
  readonly problems: SpecProblem[] = [];

  constructor(documents: readonly SpecDocument[]) {
    for (const document of documents) {
      try {
        this.#add(document);
      } catch (error) {
        if (!(error instanceof SpecError)) throw error;
        this.problems.push(...error.problems);
      }
    }
  }

  #add(document: SpecDocument): void {
    const kind = kindOf(document.value);
    if (kind === 'SLO') this.slos.push({ given: checkDocument(schemas.SLO, document), document });
    else if (kind === 'SLI') this.#name(this.slis, checkDocument(schemas.SLI, document), document);
    else if (kind === 'Service')
      this.#name(this.services, checkDocument(schemas.Service, document), document);
    else if (kind === 'DataSource') {
      this.#name(this.dataSources, checkDocument(schemas.DataSource, document), document);
    } else this.others.push({ given: checkDocument(schemas.other, document), document });
  }

  #name<Object extends { readonly kind: string; readonly metadata: { readonly name: string } }>(
    known: Map<string, Placed<Object>>,
    given: Object,
    document: SpecDocument,
  ): void {
    const { kind, metadata } = given;
    if (!known.has(metadata.name)) known.set(metadata.name, { given, document });
    else {
      const message = `is the name of another ${kind} before it`;
      this.problems.push(document.problem(['metadata', 'name'], message));
    }
  }
}
