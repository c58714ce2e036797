class Compiled1700000000001 {
    constructor() { this.name = 'Named1700000000005'; }
    async up(queryRunner) {}
}
module.exports = { Compiled1700000000001 };
