import { pageStart } from "./shell"; pageStart(() => null);
