"""The AWS target: one small file a service. The only importer of boto3 and pyathena."""
