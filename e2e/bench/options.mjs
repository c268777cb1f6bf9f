// The flags of a benchmark, written as those of Go programs are: -name value, -name=value, and -name alone for a switch.

/** Reads them; `defaults` names all there are, by a number or, for switches, false. Throws what is wrong with them. */
export function options(args, defaults) {
  const got = { ...defaults };
  const rest = [...args];
  while (rest.length > 0) {
    const [, name, given] = /^--?([^=-][^=]*)(?:=(.*))?$/.exec(rest[0]) ?? [];
    if (!(name in defaults)) throw new Error(`there is no flag ${rest[0]}; there are: ${Object.keys(defaults).map((n) => `-${n}`).join(' ')}`);
    rest.shift();
    if (defaults[name] === false) {
      got[name] = given !== 'false';
      continue;
    }
    const text = given ?? rest.shift();
    got[name] = Number(text);
    if (text === undefined || text === '' || Number.isNaN(got[name])) throw new Error(`-${name} wants a number`);
  }
  return got;
}
