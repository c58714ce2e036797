module.exports = { columns: [] };
