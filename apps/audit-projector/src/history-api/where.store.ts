/** Conditions with their parameters, numbered as they come. */
export class Where {
  readonly parameters: unknown[] = [];
  private readonly conditions: string[] = [];

  /** `sql` has a `?` for each value; nothing is added where the first value is undefined. */
  and(sql: string, ...values: unknown[]): this {
    if (values.length > 0 && values[0] === undefined) return this;
    let at = 0;
    this.conditions.push(sql.replace(/\?/g, () => `$${this.parameters.push(values[at++])}`));
    return this;
  }

  toString(): string {
    return this.conditions.join(' AND ');
  }
}
