/** Gives each thing a name of its own, in their order: of several with one name, the second is `name 2`. */
export function numbered(): (name: string) => string {
  const seen = new Map<string, number>();
  return (name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} ${times}`;
  };
}
