import './is-not-there.mjs';
export default () => 1;
