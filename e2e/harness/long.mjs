/** Why a test is skipped that takes long and looks at what changes seldom: `skip: long`. ALL=1 ./run NAME runs it, and so does scripts/test long. */
export const long = process.env.ALL ? false : 'it takes long: ALL=1 runs it';
